// What runs when the component is loaded: element, props, trigger and watch are Gradio's.
new CurvePage(element, props, trigger, watch);
