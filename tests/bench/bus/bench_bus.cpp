// Prints what the bus costs: batches/s through one subscription, the latency from publish to on_batch, publish and verify by
// themselves, and a call through the C table against a direct one. No arguments.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <thread>
#include <vector>

#include "core/bus/batch.hpp"
#include "core/bus/bus.hpp"
#include "core/host/host_context.hpp"
#include "tarsier/batch.hpp"
#include "tarsier/batch_builder.hpp"

namespace {

using namespace tarsier;
using Steady = std::chrono::steady_clock;

int64_t now_ns() { return std::chrono::duration_cast<std::chrono::nanoseconds>(Steady::now().time_since_epoch()).count(); }

int64_t thread_cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

bus::BatchRef make_batch(uint32_t series) {
  batch::SamplesBuilder builder;
  for (uint32_t i = 0; i < series; ++i) {
    const std::string cpu = std::to_string(i);
    const batch::Label labels[] = {{"__name__", "node_cpu_seconds_total"}, {"cpu", cpu}, {"mode", "idle"}};
    builder.series(labels);
    builder.sample(1, 1.5);
  }
  return builder.finish(0, [](batch::Assembly& assembly) {
    tarsier_batch* raw = *bus::Bus::allocate(assembly.size());
    assembly.write(raw->data());
    return bus::BatchRef::adopt(raw);
  });
}

struct Receiver {
  std::atomic<uint64_t> received{0};
  std::atomic<int64_t> sent_at_ns{0};
  std::vector<int64_t> latencies_ns;
  bool timed = false;
  static void on_batch(void* user, const tarsier_batch*, tarsier_delivery*) {
    auto& self = *static_cast<Receiver*>(user);
    if (self.timed) self.latencies_ns.push_back(now_ns() - self.sent_at_ns.load(std::memory_order_acquire));
    self.received.fetch_add(1, std::memory_order_release);
  }
};

/// One host with a producer and a consumer, as plugins see it.
struct Room {
  scheduler::WorkerPool pool{scheduler::PoolOptions{}};
  bus::Bus bus{pool, {}};
  host::Owner producer{"producer", "x", false}, consumer{"consumer", "x", false};
  host::Rooms rooms;
  host::HostContext context{&producer, &rooms}, consumer_context{&consumer, &rooms};
  tarsier_host host{sizeof(tarsier_host), TARSIER_ABI_MAJOR, TARSIER_ABI_MINOR, &context, nullptr};
  tarsier_host consumer_host{sizeof(tarsier_host), TARSIER_ABI_MAJOR, TARSIER_ABI_MINOR, &consumer_context, nullptr};
  const tarsier_bus* table = bus::bus_service();
  Room() { rooms.bus = &bus; }

  tarsier_subscription* subscribe(Receiver& receiver, uint64_t max_bytes) {
    tarsier_subscribe_spec spec{};
    spec.size = sizeof(spec);
    spec.topic = str(TARSIER_TOPIC_SAMPLES);
    spec.max_bytes = max_bytes;
    spec.user = &receiver;
    spec.on_batch = Receiver::on_batch;
    tarsier_subscription* subscription = nullptr;
    if (table->subscribe(&consumer_host, &spec, &subscription, nullptr) != TARSIER_OK) bug("subscribe");
    return subscription;
  }
  tarsier_status publish(const bus::BatchRef& batch) {
    return table->publish(&host, str(TARSIER_TOPIC_SAMPLES), batch.get(), 0, nullptr, nullptr, nullptr);
  }
};

void throughput(Room& room, uint32_t series) {
  constexpr uint64_t kBatches = 200'000;
  const bus::BatchRef batch = make_batch(series);
  Receiver receiver;
  tarsier_subscription* subscription = room.subscribe(receiver, uint64_t{64} << 20);
  uint64_t refused = 0;
  const int64_t begin = now_ns();
  const int64_t begin_cpu = thread_cpu_ns();
  for (uint64_t i = 0; i < kBatches;) {
    if (room.publish(batch) == TARSIER_OK) {
      ++i;
    } else {
      ++refused;
      std::this_thread::yield();
    }
  }
  const int64_t cpu = thread_cpu_ns() - begin_cpu;
  while (receiver.received.load(std::memory_order_acquire) < kBatches) std::this_thread::yield();
  const double seconds = static_cast<double>(now_ns() - begin) / 1e9;
  std::printf("throughput  %5u series %8llu bytes  %10.0f batches/s  %8.0f MB/s  publish %6lld ns CPU  refused %llu\n", series,
              static_cast<unsigned long long>(batch->size), static_cast<double>(kBatches) / seconds,
              static_cast<double>(kBatches * batch->size) / seconds / 1e6,
              static_cast<long long>(cpu / static_cast<int64_t>(kBatches)), static_cast<unsigned long long>(refused));
  room.table->unsubscribe(subscription);
}

void latency(Room& room) {
  constexpr uint64_t kBatches = 20'000;
  const bus::BatchRef batch = make_batch(10);
  Receiver receiver;
  receiver.timed = true;
  receiver.latencies_ns.reserve(kBatches);
  tarsier_subscription* subscription = room.subscribe(receiver, uint64_t{8} << 20);
  for (uint64_t i = 0; i < kBatches; ++i) {
    receiver.sent_at_ns.store(now_ns(), std::memory_order_release);
    if (room.publish(batch) != TARSIER_OK) bug("publish");
    while (receiver.received.load(std::memory_order_acquire) <= i) std::this_thread::yield();
  }
  room.table->unsubscribe(subscription);
  auto& all = receiver.latencies_ns;
  std::sort(all.begin(), all.end());
  std::printf("latency     publish -> on_batch, an idle worker woken for each: p50 %lld ns  p99 %lld ns  max %lld ns\n",
              static_cast<long long>(all[all.size() / 2]), static_cast<long long>(all[all.size() * 99 / 100]),
              static_cast<long long>(all.back()));
}

void verify_cost(uint32_t series) {
  constexpr int kRuns = 20'000;
  const bus::BatchRef batch = make_batch(series);
  int accepted = 0;
  const int64_t begin = thread_cpu_ns();
  for (int i = 0; i < kRuns; ++i) accepted += batch::verify(batch->bytes()).ok() ? 1 : 0;
  const int64_t each = (thread_cpu_ns() - begin) / kRuns;
  if (accepted != kRuns) bug("a batch of the bench does not verify");
  std::printf("verify      %5u series %8llu bytes  %lld ns\n", series, static_cast<unsigned long long>(batch->size),
              static_cast<long long>(each));
}

void publish_without_subscriber(Room& room) {
  constexpr int kRuns = 200'000;
  const bus::BatchRef batch = make_batch(1);
  const int64_t begin = thread_cpu_ns();
  for (int i = 0; i < kRuns; ++i)
    if (room.publish(batch) != TARSIER_OK) bug("publish");
  std::printf("publish     1 series, nobody listens: %lld ns, verify included\n",
              static_cast<long long>((thread_cpu_ns() - begin) / kRuns));
}

/// The table's pointer is read anew for each call, as a plugin does.
void abi_call(Room& room) {
  constexpr int kRuns = 20'000'000;
  const bus::BatchRef batch = make_batch(1);
  const tarsier_bus* volatile table = room.table;
  uint64_t sum = 0;
  uint64_t size = 0;
  const int64_t begin = thread_cpu_ns();
  for (int i = 0; i < kRuns; ++i) {
    table->data(batch.get(), &size);
    sum += size;
  }
  const int64_t middle = thread_cpu_ns();
  for (int i = 0; i < kRuns; ++i) {
    bus::Bus::data(batch.get(), &size);
    sum += size;
    asm volatile("" ::: "memory");
  }
  const int64_t end = thread_cpu_ns();
  if (sum != 2 * uint64_t{kRuns} * batch->size) bug("sum");
  std::printf("abi call    data() through the table %.2f ns, direct %.2f ns\n", static_cast<double>(middle - begin) / kRuns,
              static_cast<double>(end - middle) / kRuns);
}

}  // namespace

int main() {
  Room room;
  throughput(room, 1);
  throughput(room, 100);
  latency(room);
  verify_cost(1);
  verify_cost(100);
  verify_cost(10'000);
  publish_without_subscriber(room);
  abi_call(room);
  return 0;
}
