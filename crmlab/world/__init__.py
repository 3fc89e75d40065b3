"""The simulated world: scenario → population → behaviour under a policy → observation → tables; the truth apart."""

from crmlab.world.run import Run
from crmlab.world.scenario import Scenario, ScenarioError, load_scenario, scenario_names
from crmlab.world.truth import Truth
from crmlab.world.world import World

__all__ = ["Run", "Scenario", "ScenarioError", "Truth", "World", "load_scenario", "scenario_names"]
