// A selector of targets as the metadata API takes it: {job="api",instance=~"10\\..*"}.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/collect/scrape/label_set.hpp"
#include "tarsier/result.hpp"

namespace re2 {
class RE2;
}

namespace tarsier::scrape {

class Selector {
 public:
  /// An empty text selects everything. INVALID with what was expected.
  static Result<Selector> parse(std::string_view text);
  Selector(Selector&&) noexcept;
  Selector& operator=(Selector&&) noexcept;
  ~Selector();
  bool matches(const LabelSet& labels) const;

 private:
  struct Matcher {
    std::string name, value;
    bool negated = false;
    std::unique_ptr<re2::RE2> pattern;  // null: compared
  };
  Selector();
  Result<void> add(std::string_view name, std::string_view op, std::string value);
  std::vector<Matcher> matchers_;
};

}  // namespace tarsier::scrape
