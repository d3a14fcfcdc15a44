// The last page of a target but for its values: what stands before each of them. A page that says the same again costs one compare
// a line, and nothing of it is parsed but numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tarsier::scrape {

class PageShape {
 public:
  /// Nothing is known of the last page.
  void clear() noexcept { regular_ = known_ = false; }
  /// `page` is going to be read: its samples are added in their order, and then it ends.
  void begin(std::string_view page);
  /// `series` is where the sample's text stands in the page, `kept` the same text in a place that outlives this; the next line
  /// begins at `end`. `stored`: its value counts.
  void add(std::string_view series, std::string_view kept, size_t end, bool stored);
  /// From now on pages are compared with this one, unless a line has more than a series, a blank and a value.
  void finish();

  /// The values of the stored samples, in order; false when the page is another one, or has a value that is none.
  bool read(std::string_view page, std::vector<double>& values) const;

 private:
  struct Place {
    const char* series;
    uint32_t size;
    uint32_t comments;  // bytes before it; the highest bit: its value is not stored
  };
  std::string_view page_;
  size_t read_ = 0;
  bool regular_ = false, known_ = false;
  std::vector<Place> places_;
  std::string comments_;  // of all places, and what follows the last one
};

}  // namespace tarsier::scrape
