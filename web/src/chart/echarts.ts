// The parts of ECharts that the render kinds need, and no more.
import { BarChart, CustomChart, GraphChart, LineChart, PieChart, SankeyChart, ScatterChart, TreemapChart } from "echarts/charts";
import { AriaComponent, DataZoomInsideComponent, GridComponent, LegendScrollComponent, TitleComponent, TooltipComponent } from "echarts/components";
import * as core from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

core.use([
  BarChart, CustomChart, GraphChart, LineChart, PieChart, SankeyChart, ScatterChart, TreemapChart, AriaComponent, DataZoomInsideComponent, GridComponent, LegendScrollComponent,
  TitleComponent, TooltipComponent, CanvasRenderer,
]);

export { core };
