"""The screens of the dashboard, one file each, with its styles beside it."""
