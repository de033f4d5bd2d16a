"""Pure laws of the shared record, one module per concept."""
