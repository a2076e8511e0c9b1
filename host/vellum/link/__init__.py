"""The link to Vellum: transports, frames, channels, calls."""
