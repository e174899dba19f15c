"""One script a claim; each writes its result with machine, versions and command into results/."""
