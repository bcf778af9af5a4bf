"""What clients really send, answered by stock Radicale with our plugins and by RosterApplication."""
