// The data of the load generator of the benchmark kit, series by series: hosts like those of node_exporter with 400 series each,
// 64 CPU counters, histograms of busy, quiet and idle handlers, gauges, constants. Deterministic; values and times are the kit's.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tarsier::samples::bench {

enum class Kind : uint8_t {
  cpu_idle,
  cpu_busy,
  cpu_rare,
  bytes,
  packets,
  slow_counter,
  zero,
  constant,
  gauge_pages,
  gauge_load,
  gauge_small,
  time,
  bucket,
  histogram_sum,
};

struct Load {
  uint64_t series = 100'000;
  int64_t scrapes = 120;
  int64_t step_ms = 15'000;
  int64_t start_ms = 0;
  uint64_t seed = 1;
};

struct GeneratedSeries {
  std::vector<std::pair<std::string, std::string>> labels;  // sorted by name
  double value = 0;                                         // before the first scrape
  uint64_t id = 0;
  uint32_t host = 0;
  uint16_t handler = 0;
  uint16_t bucket = 0;
  Kind kind = Kind::constant;
};

/// In the order in which the hosts list them.
std::vector<GeneratedSeries> make_series(const Load& load);

/// The sample of the next scrape, whose number it is; sets the series' value, returns the time in ms.
int64_t next_sample(const Load& load, GeneratedSeries& series, int64_t scrape);

/// Times (ns) and values of one series.
void make_samples(const Load& load, GeneratedSeries series, std::vector<int64_t>& times, std::vector<double>& values);

}  // namespace tarsier::samples::bench
