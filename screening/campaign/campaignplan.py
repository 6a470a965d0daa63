"""What a campaign was told, as one record."""

from __future__ import annotations

from dataclasses import dataclass, field

from generative.settings import GeneratorSettings
from screening.acquisition import AcquisitionSettings
from screening.filters import FilterSettings
from screening.funnel.funnel import Funnel, FunnelStage
from screening.intake.library import LibrarySettings
from screening.objective import ObjectiveSettings, recipe_names
from screening.ranking import RankingSettings
from screening.review.settings import ReviewSettings
from screening.settings import CampaignSettings
from screening.surrogate import SurrogateSettings
from simulation.settings import SimulationSettings


@dataclass(frozen=True)
class CampaignPlan:
    """All settings of a campaign, each table as its own package defines it."""

    objectives: tuple[ObjectiveSettings, ...]
    library: LibrarySettings | None = None
    campaign: CampaignSettings = field(default_factory=CampaignSettings)
    generator: GeneratorSettings = field(default_factory=GeneratorSettings)
    filters: FilterSettings = field(default_factory=FilterSettings)
    simulation: SimulationSettings = field(default_factory=SimulationSettings)
    surrogate: SurrogateSettings = field(default_factory=SurrogateSettings)
    acquisition: AcquisitionSettings = field(default_factory=AcquisitionSettings)
    ranking: RankingSettings = field(default_factory=RankingSettings)
    review: ReviewSettings = field(default_factory=ReviewSettings)
    max_attempts: int = 3
    funnel: tuple[FunnelStage, ...] = ()

    @property
    def way(self) -> Funnel:
        """The stages of the funnel, and the recipes at its end."""
        return Funnel(self.funnel, self.recipes)

    @property
    def recipes(self) -> tuple[str, ...]:
        """The recipes that are computed of each molecule, in the order of the wishes."""
        return recipe_names(self.objectives)

    def places(self, round: int, chosen: int) -> int:
        """Molecules that a round evaluates, 0 where the budget is spent.

        Args:
            round: counted from 1.
            chosen: molecules of the rounds before it.
        """
        campaign = self.campaign
        places = campaign.batch
        if round == 1 and campaign.initial_batch is not None:
            places = campaign.initial_batch
        if campaign.budget is None:
            return places
        return max(0, min(places, campaign.budget - chosen))
