"""Measurements that a reader can repeat: learning on the job, speed."""
