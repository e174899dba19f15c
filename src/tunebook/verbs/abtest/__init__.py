"""What an A/B test is made of: its plan, its arms, its looks, its guardrails, its proof."""
