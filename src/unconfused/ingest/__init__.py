"""Where rows come from: nothing above knows the libraries that bring them."""
