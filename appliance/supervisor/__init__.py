"""The long-lived process: adopts what runs, launches what is due, answers the command line, and never waits for one."""

from appliance.supervisor.configuration import Configuration
from appliance.supervisor.loop import Store, Supervisor

__all__ = ["Configuration", "Store", "Supervisor"]
