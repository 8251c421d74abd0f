"""What may leave the machine: rules, and the local proxy that holds the browser to them before a byte is sent."""

from browser.egress.proxy import EgressProxy
from browser.egress.rules import EgressRules, Refused

__all__ = ["EgressProxy", "EgressRules", "Refused"]
