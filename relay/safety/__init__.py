"""What protects strangers from strangers: who is who without names, limits, reports, bans."""
