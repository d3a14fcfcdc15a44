// What answers lack where their format has no place for warnings, as remote read and federation: it goes to the log, each text
// once, since such clients come every few seconds.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/host.hpp"

namespace tarsier::promql {

class ToldWarnings {
 public:
  static constexpr size_t kMostKept = 1'000;  // then it begins anew

  /// [any] `where`: what was asked for.
  void tell(const Host& host, std::string_view where, const std::vector<std::string>& warnings);

 private:
  std::mutex mutex_;
  std::set<std::string> told_;
};

}  // namespace tarsier::promql
