"""How it looks: text, exports, figures and pages. They know the results; the results do not know them."""
