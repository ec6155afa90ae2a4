"""What a job came to, in the formats of other tools. Each makes a text or bytes; none writes a file."""
