#!/usr/bin/env bash
# What:    `scipy.stats.mannwhitneyu` and `ttest_ind` on float32 samples work out their p-value in float32: one that is 4e-58
#          by the same numbers as float64 comes back as exactly 0. `ks_2samp` on the same arrays does not: its p-value is
#          4e-63. The statistic U of ranks, which has no rounding in it, is the same either way.
# Version: scipy 1.17.1, numpy 2.4.6
# Why:     scores of models are float32. Where many tests share one error (Bonferroni, Holm, spending over looks), small
#          p-values are multiplied, combined by their logarithm (Fisher) or ordered: 0 is -inf, ties all others that are 0,
#          and stands for any number of tests.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check scipy==1.17.1 numpy==2.4.6
"$place/venv/bin/python" - <<'PYTHON'
import sys
import numpy as np
import scipy
from scipy.stats import ks_2samp, mannwhitneyu, ttest_ind

draw = np.random.default_rng(0)
new, old = (draw.normal(size=125) + 2).astype(np.float32), draw.normal(size=1000).astype(np.float32)
wide = new.astype(np.float64), old.astype(np.float64)
how = dict(alternative="greater", method="asymptotic")
narrow, right = mannwhitneyu(new, old, **how), mannwhitneyu(*wide, **how)
student, exact = ttest_ind(new, old).pvalue, ttest_ind(*wide).pvalue
smirnov = ks_2samp(new, old).pvalue
print("scipy", scipy.__version__, "numpy", np.__version__)
print("float32: U", narrow.statistic, "p", repr(narrow.pvalue))
print("float64: U", right.statistic, "p", repr(right.pvalue))
print("ttest_ind: float32 p", repr(student), "float64 p", repr(exact))
print("ks_2samp of float32: p", repr(smirnov))
lost = narrow.pvalue == 0 < right.pvalue and student == 0 < exact
sys.exit(0 if lost and float(narrow.statistic) == float(right.statistic) and smirnov > 0 else 1)
PYTHON
