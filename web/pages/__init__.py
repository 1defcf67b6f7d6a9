"""The guest pages: plain forms and links, rendered here, working without JavaScript."""
