#include "tests/unit/plugins/discover/support/found_targets.hpp"

#include "tarsier/abi/batch.h"

namespace tarsier::fake {

std::map<std::string, std::string> found_targets(const FakeHost& host) {
  std::map<std::string, std::string> found;
  for (size_t i = 0; i < host.batches.size(); ++i) {
    const batch::View view = host.batch(i);
    std::string text;
    for (const uint32_t set : view.column<uint32_t>(TARSIER_COL_TARGET_LABELS)) {
      const auto pairs = view.set(set);
      for (size_t pair = 0; pair < pairs.size(); pair += 2)
        text.append(pair == 0 ? "" : ",").append(view.symbol(pairs[pair])).append("=").append(view.symbol(pairs[pair + 1]));
      if (!pairs.empty()) text += "\n";
    }
    const std::string name = std::string(view.symbol(view.column<uint32_t>(TARSIER_COL_TARGET_POOL)[0])) + " " +
                             std::string(view.symbol(view.column<uint32_t>(TARSIER_COL_TARGET_SOURCE)[0]));
    if (text.empty()) {
      found.erase(name);
    } else {
      found[name] = text;
    }
  }
  return found;
}

}  // namespace tarsier::fake
