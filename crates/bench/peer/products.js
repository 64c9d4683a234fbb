// What each product opens: the same catalogue that the benchmark gives to Latchkey.

const COUNT = 50;

const products = new Map(
  Array.from({ length: COUNT }, (_, number) => [
    `bench-${number}==`,
    {
      name: `Benchmark Kit ${number}`,
      tier: "pro",
      years: 1,
      permission: "pull",
      repos: [`acme/bench-${number}`, `acme/bench-${number}-docs`],
    },
  ]),
);

export const productOf = (id) => products.get(id);
