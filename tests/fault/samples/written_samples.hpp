// WrittenSamples: what a test has written to a store, has been told that it is safe, and has had deleted; and whether an answer is
// one that the store may give. A sample that was refused may be seen or not; one that is safe has to be there until it is deleted.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/plugins/storage/samples/store_fixture.hpp"

namespace tarsier::samples::test {

class WrittenSamples {
 public:
  struct Row {
    LabelSet labels;
    Point point;
  };
  using Rows = std::vector<Row>;

  void attempt(const Rows& rows) {
    for (const Row& row : rows) attempted_[row.labels][row.point.time] = row.point.value;
  }
  void acknowledge(const Rows& rows) {
    for (const Row& row : rows) safe_[row.labels].insert(row.point.time);
  }
  /// From here on these may be seen or not.
  void begin_deletion(const LabelSet& labels, int64_t start, int64_t end) {
    auto& times = safe_[labels];
    times.erase(times.lower_bound(start), times.upper_bound(end));
  }
  void end_deletion(const LabelSet& labels, int64_t start, int64_t end) {
    auto& times = attempted_[labels];
    times.erase(times.lower_bound(start), times.upper_bound(end));
  }

  /// What is wrong with the answer, in words; empty when nothing is.
  std::string check(const Found& found) const {
    for (const auto& [labels, times] : safe_) {
      const auto series = found.find(labels);
      const auto is_there = [&](int64_t time) {
        return series != found.end() &&
               std::any_of(series->second.begin(), series->second.end(), [&](const Point& point) { return point.time == time; });
      };
      for (const int64_t time : times) {
        if (!is_there(time)) return text(labels, time) + " is lost";
      }
    }
    for (const auto& [labels, points] : found) {
      const auto series = attempted_.find(labels);
      if (series == attempted_.end()) return text(labels, 0) + " was never written";
      for (const Point& point : points) {
        const auto row = series->second.find(point.time);
        if (row == series->second.end()) return text(labels, point.time) + " was deleted, or never written";
        if (row->second != point.value) return text(labels, point.time) + " has another value";
      }
    }
    return "";
  }

 private:
  static std::string text(const LabelSet& labels, int64_t time) {
    std::string out;
    for (const auto& [name, value] : labels) out += name + "=" + value + " ";
    return out + "at " + std::to_string(time);
  }

  std::map<LabelSet, std::map<int64_t, double>> attempted_;
  std::map<LabelSet, std::set<int64_t>> safe_;
};

}  // namespace tarsier::samples::test
