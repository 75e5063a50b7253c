"""One run, start to end: gates, container, follow, judge, record, remove. Adoption enters at `follow`."""

from appliance.run.desk import Desk, Logs, Order, Records, Tunnels, Volumes, Watch
from appliance.run.ending import failed_inside, interrupted
from appliance.run.follow import follow
from appliance.run.keeping import keep_log
from appliance.run.launch import plan_for, run

__all__ = [
    "Desk",
    "Logs",
    "Order",
    "Records",
    "Tunnels",
    "Volumes",
    "Watch",
    "failed_inside",
    "follow",
    "interrupted",
    "keep_log",
    "plan_for",
    "run",
]
