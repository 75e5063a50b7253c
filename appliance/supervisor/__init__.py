"""The long-lived process: adopts what runs, launches what is due, answers the command line, and never waits for one."""

from appliance.supervisor.configuration import Configuration
from appliance.supervisor.courier import Courier
from appliance.supervisor.loop import Store, Supervisor
from appliance.supervisor.post import Post

__all__ = ["Configuration", "Courier", "Post", "Store", "Supervisor"]
