"""What a client needs to find its way: who it is, its account, its workspaces."""
