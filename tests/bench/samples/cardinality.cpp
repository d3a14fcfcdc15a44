// What asking for the cardinality of the head costs, and how long a writer waits for its lock meanwhile. Each series has a label
// value of its own, which is the worst case:
//   bench_cardinality [SERIES]      1000000
#include "plugins/storage/samples/cardinality.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "generator.hpp"

namespace tarsier::samples::bench {
namespace {

using Clock = std::chrono::steady_clock;

double thread_cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}
double ms_since(Clock::time_point begin) { return std::chrono::duration<double, std::milli>(Clock::now() - begin).count(); }

void fill(Head& head, uint64_t count) {
  const auto lock = head.lock_for_writing();
  std::vector<Label> labels;
  LabelNumbers numbers;
  for (const GeneratedSeries& series : make_series({.series = count})) {
    const std::string uid = std::to_string(series.id);
    labels.assign(series.labels.begin(), series.labels.end());
    labels.emplace_back("uid", uid);
    std::sort(labels.begin(), labels.end());
    (void)head.table().find(labels, numbers);  // for the numbers: each series is there once
    (void)head.table().add(labels, numbers, head.next_ref());
  }
}

int run(uint64_t count) {
  Head head(2 * kHourNs);
  fill(head, count);
  std::atomic<bool> done{false};
  double longest = 0, before = 0;
  const auto write = [&](double& most) {
    const auto begin = Clock::now();
    const auto lock = head.lock_for_writing();
    most = std::max(most, ms_since(begin));
  };
  for (int i = 0; i < 1000; ++i) write(before);
  std::thread writer([&] {
    while (!done) {
      write(longest);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  const auto begin = Clock::now();
  const double cpu_before = thread_cpu_ms();
  const auto items = cardinality(head, 0, 10);
  const double took = ms_since(begin), cpu = thread_cpu_ms() - cpu_before;
  done = true;
  writer.join();
  std::printf("%u series, %zu pairs: %.1f ms (%.1f ms CPU), %zu items; a writer waited %.2f ms at most (%.2f ms alone)\n",
              head.series_count(), head.shared_table()->pair_count(), took, cpu, items.size(), longest, before);
  return 0;
}

}  // namespace
}  // namespace tarsier::samples::bench

int main(int argc, char** argv) { return tarsier::samples::bench::run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000); }
