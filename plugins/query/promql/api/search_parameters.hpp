// What /search/* is asked for.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "plugins/query/promql/api/parameters.hpp"
#include "plugins/query/promql/search/best.hpp"
#include "plugins/query/promql/search/terms.hpp"

namespace tarsier::promql {

struct SearchParameters {
  int64_t start_ns = 0, end_ns = 0;
  std::vector<std::vector<Matcher>> matchers;  // one list for each match[]
  std::vector<std::string_view> terms;         // of the form
  search::Taste taste;
  search::Order order = search::Order::kByName;
  bool include_score = false;
  size_t limit = 100;
  size_t batch_size = 100;  // results in a line of the answer
};

/// `endpoint` ("metric_names") stands in an error's text. The form outlives the parameters.
std::optional<BadParameter> read_search_parameters(const http::Form& form, std::string_view endpoint, int64_t now_ns,
                                                   SearchParameters& out);
std::optional<BadParameter> read_search_flag(const http::Form& form, std::string_view name, bool& out);

}  // namespace tarsier::promql
