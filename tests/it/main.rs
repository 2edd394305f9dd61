//! Black-box tests of the site.
