// What finding series in the head costs, and what its index takes:
//   bench_matching [SERIES]      100000
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "generator.hpp"
#include "plugins/storage/samples/match_index.hpp"
#include "plugins/storage/samples/series_table.hpp"

namespace tarsier::samples::bench {
namespace {

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

void fill(SeriesTable& table, uint64_t count) {
  const auto all = make_series({.series = count});
  std::vector<Label> labels;
  LabelNumbers numbers;
  uint64_t ref = 1;
  const double begun = cpu_us();
  for (const GeneratedSeries& series : all) {
    labels.assign(series.labels.begin(), series.labels.end());
    (void)table.find(labels, numbers);  // for the numbers: each series is there once
    (void)table.add(labels, numbers, ref++);
  }
  std::printf("%u series, %zu pairs: %.2f us of CPU and %.1f bytes of labels and index a series\n", table.size(),
              table.pair_count(), (cpu_us() - begun) / static_cast<double>(count),
              static_cast<double>(table.memory_bytes()) / static_cast<double>(count));
}

struct Condition {
  tarsier_match_op op;
  const char* name;
  const char* value;
};

void find(const SeriesTable& table, const std::vector<Condition>& conditions) {
  constexpr int kRounds = 200;
  std::vector<Matcher> matchers;
  std::string text;
  for (const auto& [op, name, value] : conditions) {
    constexpr const char* kOperators[] = {"=", "!=", "=~", "!~"};
    matchers.push_back(std::move(*Matcher::compile(op, name, value)));
    text += (text.empty() ? "" : ", ") + std::string(name) + kOperators[op] + "\"" + value + "\"";
  }
  size_t found = 0;
  std::vector<double> spent(kRounds);
  for (double& one : spent) {
    const double begun = cpu_us();
    found = match(table, matchers)->size();
    one = cpu_us() - begun;
  }
  std::nth_element(spent.begin(), spent.begin() + kRounds / 2, spent.end());
  std::printf("%8.1f us  %7zu series  {%s}\n", spent[kRounds / 2], found, text.c_str());
}

int run(uint64_t count) {
  SeriesTable table;
  fill(table, count);
  constexpr auto kEqual = TARSIER_MATCH_EQUAL, kNotEqual = TARSIER_MATCH_NOT_EQUAL, kRegex = TARSIER_MATCH_REGEX;
  find(table, {{kEqual, "__name__", "node_load1"}, {kEqual, "instance", "host-7.prod.example.net:9100"}});
  find(table, {{kEqual, "__name__", "http_request_duration_seconds_count"}, {kEqual, "region", "eu-west-1"}});
  find(table, {{kEqual, "__name__", "node_cpu_seconds_total"}, {kNotEqual, "mode", "idle"}});
  find(table, {{kEqual, "__name__", "node_memory_MemFree_bytes"},
               {kRegex, "instance", "host-1[0-9]+.*"},
               {kRegex, "region", "eu-.*|us-.*"}});
  find(table, {{kRegex, "region", "eu-.*"}, {kNotEqual, "mode", ""}});
  find(table, {{kRegex, "__name__", ".+"}});
  find(table, {{TARSIER_MATCH_NOT_REGEX, "instance", "host-1.*"}});
  return 0;
}

}  // namespace
}  // namespace tarsier::samples::bench

int main(int argc, char** argv) { return tarsier::samples::bench::run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000); }
