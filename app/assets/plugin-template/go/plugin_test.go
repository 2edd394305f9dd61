package main

import "testing"

func TestSlugs(t *testing.T) {
	for title, slug := range map[string]string{
		"Hello, World!":  "hello-world",
		" 10 things -- ": "10-things",
		"!":              "",
	} {
		if made := slugOf(title); made != slug {
			t.Errorf("%q became %q instead of %q", title, made, slug)
		}
	}
}
