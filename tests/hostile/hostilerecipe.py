"""An installed recipe's name on a number without chemistry, so that a run's folder is like any."""

from faultyrecipe import FaultyRecipe

SOURCE = "hostilerecipe:RECIPE"
RECIPE = FaultyRecipe("warhead-ea")
