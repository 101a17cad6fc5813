"""Who is measured: one module per client, all with the same few verbs."""
