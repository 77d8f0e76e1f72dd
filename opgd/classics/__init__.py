"""Classical estimators of the sequence model, their exact risks, and the flow seen as a threshold."""

from opgd.classics.empirical_bayes import EmpiricalBayes
from opgd.classics.exact_risk import (
    oracle_cutoff,
    oracle_pinsker,
    pinsker_risk,
    threshold_risk,
    total_threshold_risk,
)
from opgd.classics.flow_as_threshold import effective_threshold
from opgd.classics.linear_rules import Pinsker, SpectralCutoff
from opgd.classics.thresholds import (
    Blockwise,
    FDRThreshold,
    HybridSURE,
    IndexThreshold,
    Shrinkage,
    UniversalThreshold,
    universal_level,
)

__all__ = [
    "Blockwise",
    "EmpiricalBayes",
    "FDRThreshold",
    "HybridSURE",
    "IndexThreshold",
    "Pinsker",
    "Shrinkage",
    "SpectralCutoff",
    "UniversalThreshold",
    "effective_threshold",
    "oracle_cutoff",
    "oracle_pinsker",
    "pinsker_risk",
    "threshold_risk",
    "total_threshold_risk",
    "universal_level",
]
