// /status/tsdb/blocks: what the store has on the disk in its final form.
#include "plugins/query/promql/api/block_json.hpp"
#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/handlers.hpp"

namespace tarsier::promql {

void Api::tsdb_blocks(const Request&, const Exchange& exchange) {
  auto store = store_.acquire_wait();
  if (!store) return refuse(exchange, store.error());
  const tarsier_samples_store* const table = &**store;
  if (!TARSIER_HAS(table, blocks) || table->blocks == nullptr)
    return refuse(exchange, Error{TARSIER_UNAVAILABLE, "the store of samples does not list what it keeps them in"});
  std::vector<StoreBlock> blocks;
  tarsier_error error = empty_error();
  const tarsier_status status = table->blocks(
      table->self, &blocks,
      [](void* user, const tarsier_store_block* block) { static_cast<std::vector<StoreBlock>*>(user)->emplace_back(*block); },
      &error);
  if (status != TARSIER_OK) return refuse(exchange, Error::from_c(status, error));
  answer(exchange, [&](json::Writer& json) { write_blocks(json, blocks); });
}

}  // namespace tarsier::promql
