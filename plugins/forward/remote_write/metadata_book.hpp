// MetadataBook: type, help and unit of metric families, as 1.0 sends them: in requests of their own, from time to time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/forward/remote_write/message_writer.hpp"

namespace tarsier::forward {

class MetadataBook {
 public:
  /// Takes what a series says of its family. What is beyond the bounds of the book is left out, and counted.
  void learn(std::string_view metric, const SeriesMetadata& metadata);
  bool empty() const noexcept { return families_.empty(); }
  /// How often there was no room.
  uint64_t left_out() const noexcept { return left_out_; }
  struct Page {
    std::string body;  // compressed
    uint64_t families = 0;
  };
  /// All of it, as requests of so many families at most.
  std::vector<Page> pages(uint64_t families_each) const;

 private:
  struct Family {
    uint32_t type;
    std::string help, unit;
  };
  std::map<std::string, Family, std::less<>> families_;
  size_t bytes_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace tarsier::forward
