// A table whose cells say their column's name when the screen is too narrow for columns.
import { For, type JSX } from "solid-js";

export interface Column<T> {
  name: string;
  cell: (row: T) => JSX.Element;
  number?: boolean;
}

export function Table<T>(props: { label: string; columns: Column<T>[]; rows: readonly T[] }): JSX.Element {
  return (
    <table class="table" aria-label={props.label}>
      <thead>
        <tr>
          <For each={props.columns}>{(column) => <th scope="col" class={column.number ? "number" : undefined}>{column.name}</th>}</For>
        </tr>
      </thead>
      <tbody>
        <For each={props.rows}>
          {(row) => (
            <tr>
              <For each={props.columns}>
                {(column) => (
                  <td data-column={column.name} class={column.number ? "number" : undefined}>
                    {column.cell(row)}
                  </td>
                )}
              </For>
            </tr>
          )}
        </For>
      </tbody>
    </table>
  );
}
