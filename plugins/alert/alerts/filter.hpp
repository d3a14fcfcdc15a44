// Matchers of the API's `filter` parameter: name="value", !=, =~, !~.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "plugins/alert/alerts/dispatcher.hpp"
#include "tarsier/result.hpp"

namespace tarsier::alerts {

class Filter {
 public:
  static Result<Filter> parse(std::string_view text);
  /// A missing label has the value "".
  bool matches(const LabelMap& labels) const;

 private:
  struct Pattern;
  std::string name_;
  std::string value_;
  bool negated_ = false;
  std::shared_ptr<const Pattern> pattern_;  // of =~ and !~
};

}  // namespace tarsier::alerts
