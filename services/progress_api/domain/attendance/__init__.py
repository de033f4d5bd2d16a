"""What of its sessions a person attended: hours and missed sessions of each local week."""
