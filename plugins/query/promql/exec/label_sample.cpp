#include "plugins/query/promql/exec/label_sample.hpp"

#include <xxhash.h>

namespace tarsier::promql {

double place_of(const Labels& labels) {
  const std::string text = labels.text_form();
  return static_cast<double>(XXH64(text.data(), text.size(), 0)) / 18446744073709551615.0;
}

}  // namespace tarsier::promql
