// Lines out of pieces that are cut anywhere.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tarsier/result.hpp"

namespace tarsier::discover_kubernetes {

class LineReader {
 public:
  explicit LineReader(size_t max_line) : max_line_(max_line) {}
  void clear() { begun_.clear(); }

  /// Calls take(line) -> Result<void> for each line that has come to its end; ends with its error. RESOURCE: a line is too long.
  template <class Take>
  Result<void> feed(std::string_view piece, Take&& take) {
    while (true) {
      const size_t end = piece.find('\n');
      const std::string_view part = piece.substr(0, end);
      if (part.size() > max_line_ - begun_.size())
        return Error(TARSIER_RESOURCE, "a line is longer than " + std::to_string(max_line_) + " bytes");
      if (end == std::string_view::npos) {
        begun_ += part;
        return {};
      }
      piece.remove_prefix(end + 1);
      const std::string line = std::exchange(begun_, {}).append(part);
      if (line.empty()) continue;
      if (auto taken = take(std::string_view(line)); !taken) return taken;
    }
  }

 private:
  const size_t max_line_;
  std::string begun_;  // of the line that has not ended yet
};

}  // namespace tarsier::discover_kubernetes
