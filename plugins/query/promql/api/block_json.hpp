// The pieces of the store in the form in which Prometheus shows its blocks. These are named by ULIDs, so ours get one each.
#pragma once

#include <string>
#include <vector>

#include "plugins/lib/json/json_writer.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::promql {

struct StoreBlock {
  explicit StoreBlock(const tarsier_store_block& block);

  std::string name;
  tarsier_store_block facts;  // whose `name` is not to be read
};

/// 26 characters of Crockford's base 32: the time in milliseconds (0 before 1970), and 80 bits of a hash of the name where others
/// have random ones. So it stays the same for as long as the piece is there, over restarts, too.
std::string ulid(int64_t time_ns, std::string_view name);

/// {"blocks":[...]}
void write_blocks(json::Writer& json, const std::vector<StoreBlock>& blocks);

}  // namespace tarsier::promql
