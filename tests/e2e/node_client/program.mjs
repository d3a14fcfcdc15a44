// A program with prom-client, as its author would write it: every kind of metric, in the format that is asked for.
import { createServer } from "node:http";
import { Counter, Gauge, Histogram, Registry, Summary, collectDefaultMetrics } from "prom-client";

function metrics(contentType) {
  const registry = new Registry();
  const exemplars = contentType === Registry.OPENMETRICS_CONTENT_TYPE;
  if (exemplars) registry.setContentType(contentType);
  const of = (name, help, more) => ({ name, help, registers: [registry], ...more });
  const orders = new Counter(of("orders_total", "Orders \\ taken.", { labelNames: ["country"], enableExemplars: exemplars }));
  const country = 'a"b\\c\nd';
  if (exemplars) orders.inc({ labels: { country }, value: 3, exemplarLabels: { trace_id: "abc" } });
  else orders.inc({ country }, 3);
  new Gauge(of("temperature_celsius", "Now.")).set(-1.5);
  const wait = new Histogram(of("wait_seconds", "Waiting.", { buckets: [1, 2.5], enableExemplars: exemplars }));
  if (exemplars) wait.observe({ labels: {}, value: 2, exemplarLabels: { trace_id: "def" } });
  else wait.observe(2);
  const size = new Summary(of("size_bytes", "Of requests.", { percentiles: [0.5] }));
  size.observe(7);
  collectDefaultMetrics({ register: registry });
  return registry;
}

const text = metrics(Registry.PROMETHEUS_CONTENT_TYPE);
const openMetrics = metrics(Registry.OPENMETRICS_CONTENT_TYPE);

createServer(async (request, response) => {
  const registry = (request.headers.accept ?? "").includes("openmetrics") ? openMetrics : text;
  response.setHeader("Content-Type", registry.contentType);
  response.end(await registry.metrics());
}).listen(Number(process.argv[2]), "127.0.0.1");
