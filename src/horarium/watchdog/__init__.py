"""The watchdog: a process of its own that looks at a server from outside, and tells people what is wrong."""
