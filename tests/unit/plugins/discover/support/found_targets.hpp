// What a discovery plugin has told on the fake host, as one who listens from the beginning knows it.
#pragma once

#include <map>
#include <string>

#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::fake {

/// "pool source" -> one line a target, in the order of the batch: "a=1,b=2\n".
std::map<std::string, std::string> found_targets(const FakeHost& host);

}  // namespace tarsier::fake
