"""The pages of the helpdesk's agents, below /guichet."""
