"""The only files that talk to vendors, each with the vendor's own client library."""
