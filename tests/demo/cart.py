"""What is in a cart, and what it costs."""


class Cart:
    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.prices: dict[str, float] = {}

    def add(self, name: str, price: float) -> None:
        self.prices[name] = price

    def greeting(self) -> str:
        text = "Hello " + self.owner + ", you have " + str(len(self.prices)) + " things"
        return text

    def cheap(self, limit: float) -> list[str]:
        names = []
        for name, price in self.prices.items():
            if price < limit:
                names.append(name)
        return names
