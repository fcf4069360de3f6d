"""River's checks import scikit-learn's data sets before they choose a data set; regressors are given River's own."""

from __future__ import annotations

import importlib.util
import sys
import types

if importlib.util.find_spec("sklearn") is None:
    stand_in = types.ModuleType("sklearn")
    stand_in.datasets = types.ModuleType("sklearn.datasets")
    sys.modules |= {"sklearn": stand_in, "sklearn.datasets": stand_in.datasets}
